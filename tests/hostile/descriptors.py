"""More connections than the node has files for."""
import slow


def descriptors_used_up(target, seconds):
    swarm = slow.Swarm(target.address, slow.Silent, 2000, per_second=2000)
    return swarm.run(seconds)
