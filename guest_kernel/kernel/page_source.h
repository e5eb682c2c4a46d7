// Where the heap and others get whole pages.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "kernel/status.h"

namespace kernel {

// Pages are contiguous, and addresses are those of the linear map. Called by threads with interrupts on and no lock of
// the heap held, so an implementation may block and may call objects.
class PageSource {
public:
    virtual Result<void*> allocate_pages(size_t pages) = 0;
    virtual void free_pages(void* first, size_t pages) = 0;

protected:
    ~PageSource() = default;
};

// Puts `source` in place of the current one, at first the frame pool. Pages that came from the old one go back to the
// new one: it must be able to take any pages of the linear map.
void set_page_source(PageSource& source);
PageSource& page_source();
// The pool of page frames: what a page source itself may draw on.
PageSource& frame_pool();

// NO_MEMORY is possible.
Result<void*> allocate_pages(size_t pages);
void free_pages(void* first, size_t pages);

}
