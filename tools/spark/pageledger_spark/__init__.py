"""Runs `pageledger batch` on Spark: shards on executors, tables in Parquet, the summary of `pageledger batch merge`."""
