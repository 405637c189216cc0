"""The same endpoints as their users write them with other frameworks; they import nothing of ours."""
