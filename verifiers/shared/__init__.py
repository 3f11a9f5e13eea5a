"""One model for several processes: who holds it (host.py), who asks it (client.py), and what they say."""
