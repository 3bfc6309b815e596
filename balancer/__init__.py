"""The controller: gathers reports, decides by rules, orders moves, and can say why."""
