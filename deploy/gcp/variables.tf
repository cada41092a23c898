variable "project" {
  description = "Project whose traffic is logged, and that the bucket is made in."
  type        = string
}

variable "location" {
  description = "Where the bucket lies, such as europe-west1 or EU."
  type        = string
}

variable "name" {
  description = "Name of what is made; the bucket is called PROJECT-NAME."
  type        = string
  default     = "periplus-flow-logs"
}

variable "subnets" {
  description = "Subnets whose traffic is logged: projects/PROJECT/regions/REGION/subnetworks/NAME. They may exist already."
  type        = list(string)
  default     = []
}

variable "networks" {
  description = "Networks all of whose traffic is logged, with VPN tunnels and Interconnect: projects/PROJECT/global/networks/NAME. Name a subnet or its network, not both: what both log is told twice."
  type        = list(string)
  default     = []
}

variable "firewall_logs" {
  description = "Collect firewall logs too: flow logs do not tell what was denied. Logging is turned on at each firewall rule."
  type        = bool
  default     = true
}

variable "keep_days" {
  description = "Days after which a log object is deleted. What was read stays in the lake."
  type        = number
  default     = 30

  validation {
    condition     = var.keep_days >= 1
    error_message = "Give 1 or more days."
  }
}

variable "labels" {
  description = "Labels of what is made."
  type        = map(string)
  default     = {}
}
