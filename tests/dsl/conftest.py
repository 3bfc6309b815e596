"""A vocabulary of the tests' own, so that the language is tested without any farm."""

import pytest

from dsl.syntax import Kind
from dsl.vocabulary import Vocabulary, Word

_WORDS = (
    Word("host", "cpu", Kind.SHARE, "busy share of its cores", can_be_even=True),
    Word("host", "memory", Kind.SHARE, "share of its memory in use", can_be_even=True),
    Word("host", "load", Kind.NUMBER, "1-minute run queue", can_be_even=True),
    Word("host", "vms", Kind.NUMBER, "VMs on it", discrete=True),
    Word("host", "memory_free", Kind.SIZE, "memory that is free"),
    Word("host", "age", Kind.TIME, "time since boot"),
    Word("host", "xen", Kind.VERSION, "version of its hypervisor"),
    Word("host", "cpu_group", Kind.TEXT, "hosts of one group have like CPUs"),
    Word("host", "maintenance", Kind.BOOL, "its operator wants it empty"),
    Word("vm", "cpu", Kind.NUMBER, "busy CPUs", whole="vcpus"),
    Word("vm", "vcpus", Kind.NUMBER, "virtual CPUs", discrete=True),
    Word("vm", "memory", Kind.SIZE, "memory it holds"),
    Word("vm", "share", Kind.SHARE, "its CPU as a share of its host's cores"),
    Word("vm", "cpu_time", Kind.TIME, "CPU seconds eaten this round"),
    Word("vm", "age", Kind.TIME, "time since first seen"),
    Word("vm", "passthrough", Kind.BOOL, "it holds a device"),
    Word("farm", "reports", Kind.SHARE, "share of the expected hosts that reported"),
    Word("host", "moves", Kind.NUMBER, "moves planned to or from it", counted=True, discrete=True),
    Word("vm", "moves", Kind.NUMBER, "its planned moves", counted=True, discrete=True),
    Word("farm", "failures", Kind.NUMBER, "failed moves", counted=True, discrete=True),
)


@pytest.fixture(scope="session")
def vocabulary() -> Vocabulary:
    return Vocabulary.of(_WORDS).with_zones({"Europe/Paris"})
