# SPDX-License-Identifier: Apache-2.0
"""Peers that are gone without a word: packets of a port are lost in both directions, those of open connections too, and
nobody is told by a RST, a FIN or an ICMP message."""
import contextlib

from commands import command, must


def iptables(*arguments):
    """Beside kube-proxy, which is at it too."""
    must(command("iptables", "--wait", *arguments))


def redirect(port, address):
    """Whoever connects to that port of the node comes to the address, and may be silenced without the others there."""
    iptables("-t", "nat", "-A", "OUTPUT", "-d", "192.0.2.1", "-p", "tcp", "--dport", port, "-j", "DNAT", "--to-destination", address)


def open_to(port):
    """The ports of those who have a connection open to that one."""
    lines = must(command("ss", "-Htn", "state", "established", f"( dport = :{port} )")).splitlines()
    return [line.split()[2].rpartition(":")[2] for line in lines]


@contextlib.contextmanager
def silence(port, sources=()):
    """sources: of connections from these ports alone, as when one of several servers is gone; else of all."""
    rules = [("INPUT", "-p", "tcp", "-m", "conntrack", "--ctorigdstport", port, *which, "-j", "DROP")
             for which in ([("--ctorigsrcport", source) for source in sources] or [()])]
    with contextlib.ExitStack() as undo:
        for rule in rules:
            iptables("-I", *rule)
            undo.callback(iptables, "-D", *rule)
        yield
