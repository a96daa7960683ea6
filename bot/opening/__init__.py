"""How the parts are put together: what every process stands on, the front that customers meet, the back office."""
