# What came or grew is told to a queue, so that `periplus watch` need not list.

resource "azurerm_servicebus_namespace" "notices" {
  name                = "${var.name}-${var.storage_account_name}"
  resource_group_name = var.resource_group_name
  location            = var.location
  sku                 = "Standard"
  minimum_tls_version = "1.2"
  tags                = var.tags
}

resource "azurerm_servicebus_queue" "notices" {
  name               = var.name
  namespace_id       = azurerm_servicebus_namespace.notices.id
  lock_duration      = "PT5M"
  max_delivery_count = 10

  # A blob grows every minute: of the notices of one the last is enough, but
  # none may be lost.
  default_message_ttl = "P4D"
}

resource "azurerm_eventgrid_system_topic" "logs" {
  name                = var.name
  resource_group_name = var.resource_group_name
  location            = var.location
  source_resource_id  = azurerm_storage_account.logs.id
  topic_type          = "Microsoft.Storage.StorageAccounts"
  tags                = var.tags
}

resource "azurerm_eventgrid_system_topic_event_subscription" "logs" {
  name                          = var.name
  system_topic                  = azurerm_eventgrid_system_topic.logs.name
  resource_group_name           = var.resource_group_name
  service_bus_queue_endpoint_id = azurerm_servicebus_queue.notices.id
  included_event_types          = ["Microsoft.Storage.BlobCreated"]

  subject_filter {
    subject_begins_with = "/blobServices/default/containers/${local.container}/"
    subject_ends_with   = ".json"
  }

  retry_policy {
    max_delivery_attempts = 30
    event_time_to_live    = 1440
  }
}
