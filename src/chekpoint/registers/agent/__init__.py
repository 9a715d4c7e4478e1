"""Registers behind an agent: a program beside them that connects out to the hub."""

from chekpoint.registers.agent.door import agent_routes
from chekpoint.registers.agent.register import AgentConfig, AgentRegister, Traits
from chekpoint.registers.agent.switchboard import AgentLimits, Switchboard

__all__ = ["AgentConfig", "AgentLimits", "AgentRegister", "Switchboard", "Traits", "agent_routes"]
