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

// Puts `source` in place of the first one, the frame pool, for good. Pages that were taken from the frame pool through
// this interface still go back there.
void set_page_source(PageSource& source);
// The pool of page frames.
PageSource& frame_pool();

// For tests: allocations come from another source in this scope, which must draw on frame_pool(). Scopes nest.
class [[nodiscard]] OtherPageSource {
public:
    explicit OtherPageSource(PageSource& source);
    ~OtherPageSource();
    OtherPageSource(const OtherPageSource&) = delete;
    OtherPageSource& operator=(const OtherPageSource&) = delete;

private:
    PageSource* m_previous;
};

// NO_MEMORY is possible.
Result<void*> allocate_pages(size_t pages);
void free_pages(void* first, size_t pages);

}
