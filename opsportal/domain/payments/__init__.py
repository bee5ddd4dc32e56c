"""Money that comes from outside: cards, payments, refunds, and the gateway that carries them."""
