// Package lake keeps flows, what is derived from them and the ledger of what
// was read as Apache Iceberg tables in a folder. The commit to flows decides;
// objects, coverage and traffic follow it and can be rebuilt.
package lake
