variable "resource_group_name" {
  description = "Resource group that everything is made in; it exists already."
  type        = string
}

variable "location" {
  description = "Region of the virtual networks, such as westeurope. The storage account must be in the same."
  type        = string
}

variable "virtual_network_ids" {
  description = "Virtual networks whose traffic is logged: a name for the flow log, and the network's resource id."
  type        = map(string)
  default     = {}
}

variable "storage_account_name" {
  description = "Name of the storage account: 3 to 24 small letters and digits, not used by anybody in Azure."
  type        = string
}

variable "name" {
  description = "Name of the queue and of the Event Grid topic; the Service Bus namespace is called NAME-STORAGEACCOUNT."
  type        = string
  default     = "periplus-flow-logs"
}

variable "network_watcher_name" {
  description = "Network Watcher of the region; empty: NetworkWatcher_LOCATION, which Azure makes by itself."
  type        = string
  default     = ""
}

variable "network_watcher_resource_group_name" {
  description = "Resource group of the Network Watcher."
  type        = string
  default     = "NetworkWatcherRG"
}

variable "keep_days" {
  description = "Days after which a log is deleted. What was read stays in the lake."
  type        = number
  default     = 30

  validation {
    condition     = var.keep_days >= 1 && var.keep_days <= 365
    error_message = "Give 1 to 365 days."
  }
}

variable "reader_principal_ids" {
  description = "Object ids of who may read: managed identities, service principals, users."
  type        = list(string)
  default     = []
}

variable "tags" {
  description = "Tags of what is made."
  type        = map(string)
  default     = {}
}
