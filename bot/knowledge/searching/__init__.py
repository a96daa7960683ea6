"""Finding passages: engines find candidates, one ranking decides between them, whatever the engine."""
