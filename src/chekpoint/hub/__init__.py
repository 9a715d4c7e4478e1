"""What happens: intake, lanes, recovery, proof, outbox. Knows ports, never makers."""
