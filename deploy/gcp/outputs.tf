output "bucket" {
  description = "Bucket that the logs are written to."
  value       = google_storage_bucket.logs.name
}

output "reader" {
  description = "Service account that may read, and nothing else: run Periplus as it."
  value       = google_service_account.reader.email
}

output "doctor" {
  description = "Looks at the logs before they are read; the first come two to three hours after apply."
  value       = "periplus doctor gs://${google_storage_bucket.logs.name}"
}

output "ingest" {
  description = "Reads what is new, once."
  value       = "periplus ingest --lake ./lake gs://${google_storage_bucket.logs.name}"
}

output "watch" {
  description = "Keeps reading, told by the subscription."
  value       = "periplus watch --lake ./lake gs://${google_storage_bucket.logs.name} --queue gcppubsub://projects/${var.project}/subscriptions/${google_pubsub_subscription.notices.name}"
}
