"""Account APIs of operators (ОФД), one folder per operator. Each implements ``core.ports.Operator``."""
