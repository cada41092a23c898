locals {
  container       = "insights-logs-flowlogflowevent"
  network_watcher = var.network_watcher_name == "" ? "NetworkWatcher_${var.location}" : var.network_watcher_name
}

resource "azurerm_storage_account" "logs" {
  name                            = var.storage_account_name
  resource_group_name             = var.resource_group_name
  location                        = var.location
  account_tier                    = "Standard"
  account_kind                    = "StorageV2"
  account_replication_type        = "LRS"
  https_traffic_only_enabled      = true
  min_tls_version                 = "TLS1_2"
  allow_nested_items_to_be_public = false
  tags                            = var.tags
}

# The flow logs of virtual networks. Azure writes the container and the blobs,
# one an hour and network interface, longer every minute. The retention is kept
# by a lifecycle rule that Azure makes: have none of your own in this account.
resource "azurerm_network_watcher_flow_log" "vnet" {
  for_each = var.virtual_network_ids

  name                 = each.key
  network_watcher_name = local.network_watcher
  resource_group_name  = var.network_watcher_resource_group_name
  location             = var.location
  target_resource_id   = each.value
  storage_account_id   = azurerm_storage_account.logs.id
  enabled              = true
  version              = 2
  tags                 = var.tags

  retention_policy {
    enabled = true
    days    = var.keep_days
  }
}
