#include "services/memory/paging_figures.h"

namespace services {

namespace {

constinit PagingFigures the_figures;

}

PagingFigures& paging_figures() { return the_figures; }

void note_forced_sync(uint64_t ns)
{
    count(the_figures.forced_syncs);
    count(the_figures.forced_sync_ns, ns);
    uint64_t longest = __atomic_load_n(&the_figures.longest_forced_sync_ns, __ATOMIC_RELAXED);
    while (ns > longest
           && !__atomic_compare_exchange_n(
               &the_figures.longest_forced_sync_ns, &longest, ns, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
    }
}

}
