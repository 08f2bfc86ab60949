"""What tenants' people do, one function each: it asks a node, and says whether the answer is the model's.

An operation draws all it needs from `draw` (a random.Random of its own), so that a list of (name, seed) is a complete
story, of which parts can be left out. `weight` is how often it is chosen.
"""
from model import ROOMS, USERS, Actor, Claims

OPERATIONS = {}
SETTLE_EVERY = 40  # steps


def operation(weight):
    def note(function):
        OPERATIONS[function.__name__] = (function, weight)
        return function
    return note


def any_claims(draw):
    rooms = draw.sample(ROOMS, draw.randint(0, 3)) + draw.sample(["c*", "*", "b.*", "x/*"], draw.choice([0, 0, 1]))
    publish = draw.choice([True, [], ["*"], ["c", "user:ann", "client:*"], ["b.*", "lobby", "user:*"]])
    return Claims(rooms, publish)


def anybody(world, draw):
    tenant = draw.choice(world.tenants)
    if draw.random() < 0.25:
        return world.boss(tenant)
    return Actor(tenant, draw.choice(USERS), any_claims(draw))


def any_session(world, draw, tenant=None, kind=None):
    found = [s for t in world.tenants for s in t.sessions
             if tenant in (None, t) and kind in (None, s.stream.kind)]
    return draw.choice(found) if found else None


def foreign_to(world, tenant):
    return next(t for t in world.tenants if t is not tenant)


@operation(0)
def settle(world, draw):
    world.settle(draw.choice(world.nodes))


def choose(random, steps, without=()):
    """A story: [(name, seed)]."""
    names = [name for name in OPERATIONS if name not in without]
    weights = [OPERATIONS[name][1] for name in names]
    story = [(name, random.getrandbits(48)) for name in random.choices(names, weights, k=steps)]
    for at in range(SETTLE_EVERY - 1, steps, SETTLE_EVERY):
        story[at] = ("settle", story[at][1])
    return [*story, ("settle", 0)]
