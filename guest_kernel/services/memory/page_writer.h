// The thread that goes on with file caches after their transfers have ended.
#pragma once

#include "kernel/event.h"
#include "kernel/list.h"
#include "objects/reference.h"

namespace services {

class PageTransfer;

// Of one cache, which owns it: pinned, because the end of a transfer posts it at exception level.
struct PageWriterWork {
    objects::Reference cache = nullptr;
    kernel::ListLink<PageWriterWork> link;
};

// An interrupt calls no object, so it posts to this thread, and this calls the cache. One for all caches: what it does is
// short, and a call that is parked is so for metadata that the others want from the same disk.
class PageWriter {
public:
    constexpr PageWriter() = default;
    PageWriter(const PageWriter&) = delete;
    PageWriter& operator=(const PageWriter&) = delete;

    kernel::Status start();
    // FileCache::transfers_ended is called soon, once however often it is posted before. From any level.
    void post(PageWriterWork& work);
    // It is not posted any more. The cache may still be called by its reference, which outlives the generation.
    void forget(PageWriterWork& work);

private:
    static void entry(uint64_t argument);
    objects::Reference take();

    // Guards the list.
    kernel::SpinLock m_lock;
    kernel::List<PageWriterWork, &PageWriterWork::link> m_posted;
    kernel::Event m_event;
};

PageWriter& page_writer();

// What a transfer of a cached page tells when it ends, at exception level or in start_read itself: `context` is the address
// of its PageDescriptor. Here and not with a class of caches, since transfers under way outlive the class that began them.
void cached_page_transferred(PageTransfer&, uint64_t context);

}
