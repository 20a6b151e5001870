"""What people write: mapping files, read, validated, edited."""
