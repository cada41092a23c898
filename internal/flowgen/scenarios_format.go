package flowgen

// asFormat is a scenario that writes ordinary traffic in one format and layout.
func asFormat(name, about, fields string, sink func(id string) lineSink) Scenario {
	return Scenario{Name: name, Provider: "aws", Deliveries: 1, About: about, build: func(w *world) {
		p := pairOf(w, "", "")
		p.app.service, p.db.service = "checkout", "orders"
		w.logAWS(&flowLog{id: "fl-0c1"}, account1, region1, fields, sink("fl-0c1"), p.app)
		w.logAWS(&flowLog{id: "fl-0c2"}, account1, region1, fields, sink("fl-0c2"), p.db)
		p.company(w)
		talk(w, p.app.addr, p.db.addr, p.app, p.db)
	}}
}

// toS3 delivers to S3, after change has its way.
func toS3(fields string, change func(s *s3Sink)) func(id string) lineSink {
	return func(id string) lineSink {
		s := s3(account1, region1, id, fields)
		if change != nil {
			change(s)
		}
		return s
	}
}

func toGroup(way groupWay) func(id string) lineSink {
	return func(id string) lineSink { return group(way, account1, "/vpc/flow-logs/"+id) }
}

var awsFormatScenarios = []Scenario{
	asFormat("aws-text-v2", "default format", fieldsV2, toS3(fieldsV2, nil)),
	asFormat("aws-text-v3", "version 3", fieldsV3, toS3(fieldsV3, nil)),
	asFormat("aws-text-v5", "version 5", fieldsV5, toS3(fieldsV5, nil)),
	asFormat("aws-text-v7", "version 7: ECS", fieldsV7, toS3(fieldsV7, nil)),
	asFormat("aws-text-v8", "version 8: reject-reason", fieldsV8, toS3(fieldsV8, nil)),
	asFormat("aws-text-v10", "version 10: encryption", fieldsV10, toS3(fieldsV10, nil)),
	asFormat("aws-text-v11", "version 11: tags and next hops", fieldsV11, toS3(fieldsV11, nil)),
	asFormat("aws-text-custom-order", "columns in an order of their own", fieldsMixed, toS3(fieldsMixed, nil)),
	asFormat("aws-s3-hourly", "hourly folders", fieldsV5, toS3(fieldsV5, func(s *s3Sink) { s.hourly = true })),
	asFormat("aws-s3-hive", "Hive folders", fieldsV5, toS3(fieldsV5, func(s *s3Sink) { s.hive = true })),
	asFormat("aws-s3-hive-hourly", "hourly Hive folders", fieldsV5, toS3(fieldsV5, func(s *s3Sink) { s.hive, s.hourly = true, true })),
	asFormat("aws-s3-organisation", "an organisation's folder above the account's", fieldsV5, toS3(fieldsV5, func(s *s3Sink) { s.organisation = "o-exampleorgid" })),
	asFormat("aws-parquet", "Parquet", fieldsV5, toS3(fieldsV5, func(s *s3Sink) { s.parquet = true })),
	asFormat("aws-parquet-hive", "Parquet in Hive folders, default columns", fieldsV2, toS3(fieldsV2, func(s *s3Sink) { s.parquet, s.hive, s.hourly = true, true, true })),
	asFormat("aws-cloudwatch-export", "CloudWatch export task, no header", fieldsV2, toGroup(groupExport)),
	asFormat("aws-cloudwatch-subscription", "CloudWatch subscription envelopes", fieldsV2, toGroup(groupSubscription)),
	asFormat("aws-firehose-http", "Firehose to an HTTP endpoint", fieldsV2, toGroup(firehoseHTTP)),
	asFormat("aws-firehose-plain", "Firehose to S3, no header", fieldsV2, toGroup(firehosePlain)),
}
