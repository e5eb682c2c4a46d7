// State transfer: the representation in which one object's state is handed to the object that replaces it.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "abi.h"
#include "kernel/status.h"

namespace objects {

using kernel::Code;
using kernel::Status;
using CpuSet = uint8_t;
static_assert(abi::MAX_CPUS <= 8, "a CpuSet has one bit a CPU");

// One CPU's part in a transfer.
struct TransferSite {
    unsigned cpu;
    CpuSet set;

    // True on exactly one CPU of the set: there a root that is not divided among CPUs hands over the whole.
    bool first() const { return cpu == static_cast<unsigned>(__builtin_ctz(set)); }
};

// Named, so that a module can bring a format that no kernel header knew. A name says what is described and carries the
// revision of the description: "counter.counts/1".
struct Format {
    const char* name;
};

// In order of preference.
struct FormatList {
    const Format* first = nullptr;
    unsigned count = 0;

    template <unsigned n>
    static constexpr FormatList of(const Format (&formats)[n])
    {
        return {formats, n};
    }
};

// The exporter's first choice that the importer knows too, or null.
const Format* negotiate(FormatList exported, FormatList imported);

// What one CPU's share of the state is worth: bytes in the arena, meaningful to those who know the format.
struct Parcel {
    void* data = nullptr;
    size_t size = 0;

    template <typename T>
    const T* as() const
    {
        return size == sizeof(T) ? static_cast<const T*>(data) : nullptr;
    }
};

// Arena that a parcel of so many bytes takes.
constexpr size_t arena_size(size_t bytes)
{
    return (bytes + 15) & ~size_t{15};
}

// Arena that parcels of one T on each of `cpus` CPUs take.
template <typename T>
constexpr size_t parcel_size(unsigned cpus)
{
    return cpus * arena_size(sizeof(T));
}

// Memory for the parcels of one transfer, all of it reserved before the block phase: from block to commit nothing is
// allocated outside it. Placing is lock-free, so that CPUs export side by side.
class TransferArena {
public:
    TransferArena() = default;
    ~TransferArena();
    TransferArena(const TransferArena&) = delete;
    TransferArena& operator=(const TransferArena&) = delete;

    // Memory of the caller's, aligned to 16 bytes, in which small transfers have room without an allocation. First of all; it
    // is not touched any more after the last use of a parcel.
    void lend(void* memory, size_t bytes);
    Status reserve(size_t bytes);
    // Gives the memory back.
    void discard();
    // Forgets what was placed; the memory stays.
    void reset();
    size_t capacity() const { return m_capacity; }

    // TOO_LARGE when the reservation does not hold it: the caller goes back to forward and reserves more.
    Status place(unsigned cpu, size_t bytes);
    template <typename T>
    kernel::Result<T*> place(unsigned cpu)
    {
        static_assert(__is_trivially_copyable(T));
        TRY(place(cpu, sizeof(T)));
        return static_cast<T*>(m_parcels[cpu].data);
    }
    const Parcel& parcel(unsigned cpu) const { return m_parcels[cpu]; }

private:
    void free_own();

    uint8_t* m_memory = nullptr;
    // What it has room for; of that, what is reserved.
    size_t m_room = 0;
    size_t m_capacity = 0;
    // Whether it is the caller's.
    bool m_lent = false;
    size_t m_used = 0;
    Parcel m_parcels[abi::MAX_CPUS];
};

}
