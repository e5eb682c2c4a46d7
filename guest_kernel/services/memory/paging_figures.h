// What paging has done since the start, over all objects that there were.
#pragma once

#include <stdint.h>

namespace services {

// Counted by whatever class does it, and kept by the kernel: an update changes nothing of it. Each is added to by itself.
struct PagingFigures {
    // Touches that came to a region, and those that a cache mapped a page for.
    uint64_t faults = 0;
    uint64_t pages_mapped = 0;
    // Times that every CPU was made to forget a page, because a cache unmapped it.
    uint64_t synchronisations = 0;
    uint64_t pages_read = 0;
    uint64_t pages_written = 0;
    uint64_t pages_taken_back = 0;
    uint64_t unforced_syncs = 0;
    // Whose pages are on the disk.
    uint64_t forced_syncs = 0;
    // Virtual time that they waited for that: all together, and the longest.
    uint64_t forced_sync_ns = 0;
    uint64_t longest_forced_sync_ns = 0;
};

PagingFigures& paging_figures();

inline void count(uint64_t& figure, uint64_t by = 1) { __atomic_add_fetch(&figure, by, __ATOMIC_RELAXED); }
void note_forced_sync(uint64_t ns);

// Calls visit(name, value) for each.
template <typename Visit>
void for_each_paging_figure(Visit visit)
{
    const auto& figures = paging_figures();
    visit("faults", figures.faults);
    visit("pages_mapped", figures.pages_mapped);
    visit("synchronisations", figures.synchronisations);
    visit("pages_read", figures.pages_read);
    visit("pages_written", figures.pages_written);
    visit("pages_taken_back", figures.pages_taken_back);
    visit("unforced_syncs", figures.unforced_syncs);
    visit("forced_syncs", figures.forced_syncs);
    visit("forced_sync_ns", figures.forced_sync_ns);
    visit("longest_forced_sync_ns", figures.longest_forced_sync_ns);
}

}
