"""Plain HTTP: the gate before everything, signing in, health."""
