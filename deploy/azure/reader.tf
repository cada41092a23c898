# What Periplus may do, and nothing beside it. The container is not there before
# the first log, so the role is on the account, which holds nothing else.

resource "azurerm_role_assignment" "blobs" {
  for_each = toset(var.reader_principal_ids)

  scope                = azurerm_storage_account.logs.id
  role_definition_name = "Storage Blob Data Reader"
  principal_id         = each.value
}

resource "azurerm_role_assignment" "queue" {
  for_each = toset(var.reader_principal_ids)

  scope                = azurerm_servicebus_queue.notices.id
  role_definition_name = "Azure Service Bus Data Receiver"
  principal_id         = each.value
}
