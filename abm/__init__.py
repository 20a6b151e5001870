"""The account-based programme: which scores go out and which outcomes come back."""
