"""Everything the host and the guest kernel share, described once.

The host imports these modules; the guest includes ``abi.h``, which the toolchain generates from them
(:mod:`toolchain.abi_header`). An ``IntEnum`` becomes an ``enum class``, a ``Final`` integer a
``constexpr``, a :class:`~emulator.abi.layout.Record` a struct with checked offsets.
"""
