"""Policy cells, ranks and holdouts, drawn before the first wave."""
