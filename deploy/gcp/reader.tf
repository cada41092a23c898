# What Periplus may do, and nothing beside it.

resource "google_service_account" "reader" {
  project      = var.project
  account_id   = substr("${var.name}-reader", 0, 30)
  display_name = "Reads flow logs for Periplus"
}

resource "google_storage_bucket_iam_member" "reader" {
  bucket = google_storage_bucket.logs.name
  role   = "roles/storage.objectViewer"
  member = "serviceAccount:${google_service_account.reader.email}"
}

resource "google_pubsub_subscription_iam_member" "reader" {
  project      = var.project
  subscription = google_pubsub_subscription.notices.name
  role         = "roles/pubsub.subscriber"
  member       = "serviceAccount:${google_service_account.reader.email}"
}
