"""The Celery side: a doorbell and nothing more. It holds no decisions."""
