"""Walking people for the scripts of the tracker's and the tracking metrics' golden numbers."""

import numpy

WIDTH, HEIGHT = 640, 360


class Person:
    def __init__(self, random, number):
        self.number, self.height, self.aspect = number, random.uniform(40, 110), random.uniform(0.3, 0.6)
        self.place, self.speed = random.uniform(0, 1, 2) * (WIDTH, HEIGHT), random.normal(size=2) * (4, 2)
        self.score = random.uniform(0.6, 0.95)

    def step(self, random):
        self.speed += random.normal(size=2) * (0.2, 0.1)
        self.place = self.place + self.speed

    def box(self):
        width = self.height * self.aspect
        return numpy.array([*(self.place - (width / 2, self.height / 2)), width, self.height])


def covered(box, others):
    """The largest share of `box` behind one of the others."""
    most = 0.0
    for other in others:
        size = numpy.minimum(box[:2] + box[2:], other[:2] + other[2:]) - numpy.maximum(box[:2], other[:2])
        if (size > 0).all():
            most = max(most, size.prod() / box[2:].prod())
    return most


def scene(random, frames, people):
    """Yields for each frame the truth as rows (number, left, top, width, height) and the covered share of each."""
    crowd = [Person(random, i + 1) for i in range(people)]
    born = people
    for _ in range(frames):
        for person in crowd:
            person.step(random)
        crowd = [p for p in crowd if (-40 < p.place).all() and (p.place < (WIDTH + 40, HEIGHT + 40)).all()]
        if len(crowd) < people and random.random() < 0.3:
            born += 1
            crowd.append(Person(random, born))
        boxes = [p.box() for p in crowd]
        hidden = [covered(b, [c for q, c in zip(crowd, boxes) if q.place[1] > p.place[1]]) for p, b in zip(crowd, boxes)]
        yield crowd, boxes, hidden


def detections(random, crowd, boxes, hidden):
    """Rows (left, top, width, height, score) of a detector that misses, doubts and invents."""
    rows = []
    for person, box, share in zip(crowd, boxes, hidden):
        score = person.score * (1 - share) + random.normal() * 0.08
        if share > 0.85 or random.random() < 0.04 or score < 0.05:
            continue
        rows.append([*(box + random.normal(size=4) * (1 + 2 * share) * person.height / 60), min(score, 0.999)])
    for _ in range(random.poisson(0.4)):
        size = random.uniform(20, 90)
        rows.append([random.uniform(0, WIDTH), random.uniform(0, HEIGHT), size * 0.5, size, random.uniform(0.05, 0.8)])
    if random.random() < 0.02:
        rows = []
    random.shuffle(rows)
    return [[*(round(float(x), 1) for x in row[:4]), round(float(row[4]), 4)] for row in rows]
