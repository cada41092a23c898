variable "name" {
  description = "Name of what is made: the queue, the policy, the role. The bucket's name begins with it."
  type        = string
  default     = "periplus-flow-logs"
}

variable "vpc_ids" {
  description = "VPCs of this account and region whose traffic is logged."
  type        = list(string)
  default     = []
}

variable "transit_gateway_ids" {
  description = "Transit gateways whose traffic is logged too. They write a log of their own format."
  type        = list(string)
  default     = []
}

variable "delivering_account_ids" {
  description = "Further accounts that deliver their flow logs into this bucket."
  type        = list(string)
  default     = []
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

variable "kms_key_arn" {
  description = "Key of yours that encrypts the bucket; empty: S3's own keys. Its policy must allow delivery.logs.amazonaws.com to use it."
  type        = string
  default     = ""
}

variable "file_format" {
  description = "plain-text or parquet. Text is read as a stream and costs no conversion; Parquet is for those who also ask it with Athena."
  type        = string
  default     = "plain-text"

  validation {
    condition     = contains(["plain-text", "parquet"], var.file_format)
    error_message = "Use plain-text or parquet."
  }
}

variable "reader_principal_arns" {
  description = "Who may take on the role that reads the logs, such as the role of the machine that runs Periplus. Empty: no role is made, only the policy."
  type        = list(string)
  default     = []
}

variable "reader_external_id" {
  description = "Word that who takes on the role must know; empty: none."
  type        = string
  default     = ""
}

variable "tags" {
  description = "Tags of everything that is made."
  type        = map(string)
  default     = {}
}
