"""One way against another: models, policies, treatments of contacted users."""
