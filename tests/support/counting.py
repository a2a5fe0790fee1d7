"""Metrics in memory, of one test alone."""

import prometheus_client


class Client:
    """Counts in memory, as BentoML's client does."""

    def __init__(self):
        self.registry = prometheus_client.CollectorRegistry()

    def __getattr__(self, kind):
        made = getattr(prometheus_client, kind)
        return lambda *told, **more: made(*told, **more, registry=self.registry)

    def value(self, name, /, **labels):
        return self.registry.get_sample_value(name, labels)
