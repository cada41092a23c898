# The services that this needs.
resource "google_project_service" "needed" {
  for_each = toset(["compute.googleapis.com", "logging.googleapis.com", "networkmanagement.googleapis.com", "pubsub.googleapis.com", "storage.googleapis.com"])

  project            = var.project
  service            = each.value
  disable_on_destroy = false
}

# The flow logs, of subnets and networks that are there already. The settings
# are those that `periplus doctor` recommends; a test compares them.

resource "google_network_management_vpc_flow_logs_config" "subnet" {
  for_each = toset(var.subnets)

  project                 = var.project
  location                = "global"
  vpc_flow_logs_config_id = "${var.name}-${substr(sha256(each.value), 0, 8)}"
  description             = "Read by Periplus."
  subnet                  = each.value
  state                   = "ENABLED"
  aggregation_interval    = "INTERVAL_5_SEC"
  flow_sampling           = 1
  metadata                = "INCLUDE_ALL_METADATA"
  labels                  = var.labels

  depends_on = [google_project_service.needed]
}

resource "google_network_management_vpc_flow_logs_config" "network" {
  for_each = toset(var.networks)

  project                 = var.project
  location                = "global"
  vpc_flow_logs_config_id = "${var.name}-${substr(sha256(each.value), 0, 8)}"
  description             = "Read by Periplus."
  network                 = each.value
  state                   = "ENABLED"
  aggregation_interval    = "INTERVAL_5_SEC"
  flow_sampling           = 1
  metadata                = "INCLUDE_ALL_METADATA"
  labels                  = var.labels

  depends_on = [google_project_service.needed]
}

# The bucket, and the sink that writes hour files of JSON lines into it.

resource "google_storage_bucket" "logs" {
  project                     = var.project
  name                        = "${var.project}-${var.name}"
  location                    = var.location
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  labels                      = var.labels

  lifecycle_rule {
    condition {
      age = var.keep_days
    }

    action {
      type = "Delete"
    }
  }

  depends_on = [google_project_service.needed]
}

locals {
  flow_filter     = "log_id(\"compute.googleapis.com/vpc_flows\") OR log_id(\"networkmanagement.googleapis.com/vpc_flows\")"
  firewall_filter = "log_id(\"compute.googleapis.com/firewall\")"
}

resource "google_logging_project_sink" "logs" {
  project                = var.project
  name                   = var.name
  description            = "Flow logs for Periplus."
  destination            = "storage.googleapis.com/${google_storage_bucket.logs.name}"
  filter                 = var.firewall_logs ? "${local.flow_filter} OR ${local.firewall_filter}" : local.flow_filter
  unique_writer_identity = true
}

resource "google_storage_bucket_iam_member" "sink" {
  bucket = google_storage_bucket.logs.name
  role   = "roles/storage.objectCreator"
  member = google_logging_project_sink.logs.writer_identity
}
