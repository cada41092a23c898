# What came is told to a subscription, so that `periplus watch` need not list.

data "google_storage_project_service_account" "storage" {
  project = var.project
}

resource "google_pubsub_topic" "notices" {
  project = var.project
  name    = var.name
  labels  = var.labels

  depends_on = [google_project_service.needed]
}

resource "google_pubsub_topic_iam_member" "storage" {
  project = var.project
  topic   = google_pubsub_topic.notices.name
  role    = "roles/pubsub.publisher"
  member  = "serviceAccount:${data.google_storage_project_service_account.storage.email_address}"
}

resource "google_storage_notification" "logs" {
  bucket         = google_storage_bucket.logs.name
  topic          = google_pubsub_topic.notices.id
  payload_format = "JSON_API_V1"
  event_types    = ["OBJECT_FINALIZE"]

  depends_on = [google_pubsub_topic_iam_member.storage]
}

resource "google_pubsub_subscription" "notices" {
  project                    = var.project
  name                       = var.name
  topic                      = google_pubsub_topic.notices.id
  ack_deadline_seconds       = 300
  message_retention_duration = "345600s"
  labels                     = var.labels

  expiration_policy {
    ttl = ""
  }
}
