locals {
  role    = length(aws_iam_role.reader) == 0 ? "" : "&role=${aws_iam_role.reader[0].arn}${var.reader_external_id == "" ? "" : "&external_id=${var.reader_external_id}"}"
  address = "s3://${aws_s3_bucket.logs.bucket}/AWSLogs/?region=${data.aws_region.current.region}${local.role}"
  queue   = "awssqs://${replace(aws_sqs_queue.notices.url, "https://", "")}?region=${data.aws_region.current.region}"
}

output "bucket" {
  description = "Bucket that the flow logs are delivered to."
  value       = aws_s3_bucket.logs.bucket
}

output "reader_policy_arn" {
  description = "Policy that lets Periplus read: attach it to the role or user that it runs as."
  value       = aws_iam_policy.reader.arn
}

output "reader_role_arn" {
  description = "Role that Periplus takes on; empty where none was asked for."
  value       = length(aws_iam_role.reader) == 0 ? "" : aws_iam_role.reader[0].arn
}

output "flow_log_ids" {
  description = "Flow logs, as --flow-log names them."
  value       = concat([for f in aws_flow_log.vpc : f.id], [for f in aws_flow_log.transit_gateway : f.id])
}

output "doctor" {
  description = "Looks at the logs before they are read; the first come about ten minutes after apply."
  value       = "periplus doctor '${local.address}'"
}

output "ingest" {
  description = "Reads what is new, once."
  value       = "periplus ingest --lake ./lake '${local.address}'"
}

output "watch" {
  description = "Keeps reading, told by the queue."
  value       = "periplus watch --lake ./lake '${local.address}' --queue '${local.queue}'"
}
