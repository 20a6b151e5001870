"""Reports over many accounts."""
