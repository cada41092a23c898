locals {
  address = "azblob://${local.container}?storage_account=${azurerm_storage_account.logs.name}"
}

output "storage_account" {
  description = "Storage account that the logs are written to."
  value       = azurerm_storage_account.logs.name
}

output "container" {
  description = "Container of the logs; Azure makes it with the first log."
  value       = local.container
}

output "doctor" {
  description = "Looks at the logs before they are read; the first come some minutes after apply."
  value       = "periplus doctor '${local.address}'"
}

output "ingest" {
  description = "Reads what is new, once."
  value       = "periplus ingest --lake ./lake '${local.address}'"
}

output "watch" {
  description = "Keeps reading, told by the queue."
  value       = "AZURE_SERVICEBUS_HOSTNAME=${azurerm_servicebus_namespace.notices.name}.servicebus.windows.net periplus watch --lake ./lake '${local.address}' --queue azuresb://${azurerm_servicebus_queue.notices.name}"
}
