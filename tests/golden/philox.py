"""numpy's Philox, drawn from the streams that datasets/rng.h promises. Prints the table of tests/datasets/rng_test.cpp.

Made with numpy 2.4:
    python tests/golden/philox.py
"""

import numpy

for seed, purpose, epoch, index in ((0, 0, 0, 0), (42, 1, 3, 70000), (2**64 - 1, 4, 2**63, 2**40 + 1)):
    words = [numpy.array(list, dtype=numpy.uint64) for list in ([seed, purpose], [0, epoch, index, 0])]
    raw = numpy.random.Philox(key=words[0], counter=words[1]).random_raw(6)
    print(f"{{{seed}u, {purpose}, {epoch}u, {index}u, {{{', '.join(f'0x{value:016x}' for value in raw)}}}}},")
