// The threads that go on with file caches after their transfers have ended.
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
    // A thread is calling the cache; it was posted meanwhile, and is to be called once more.
    bool served = false;
    bool again = false;
};

// An interrupt calls no object, so it posts to these threads, and they call the cache, one thread at a time each. A call
// may be held up: parked for metadata, or blocked while the cache is replaced. So that no other cache waits for that,
// there is always a thread that has no call, made before the last one takes one; there are as many threads as calls were
// held up at a time, up to a limit, and one.
class PageWriter {
public:
    static constexpr unsigned max_threads = 32;

    constexpr PageWriter() = default;
    PageWriter(const PageWriter&) = delete;
    PageWriter& operator=(const PageWriter&) = delete;

    kernel::Status start();
    // FileCache::transfers_ended is called soon, once however often it is posted before. From any level.
    void post(PageWriterWork& work);
    // It is not posted any more. The cache may still be called by its reference, which outlives the generation.
    void forget(PageWriterWork& work);
    // Ends the threads that were made for calls that are no longer held up; they are on their way when it returns.
    void drain();

private:
    static void entry(uint64_t argument);
    kernel::Status hire();
    void keep_one_free();
    PageWriterWork* take();
    // Whether this thread is one of those that are to end.
    bool leaves();
    void done(PageWriterWork& work);

    // Guards the list, what it links, and the counts.
    kernel::SpinLock m_lock;
    kernel::List<PageWriterWork, &PageWriterWork::link> m_posted;
    unsigned m_threads = 0;
    // Threads with a call.
    unsigned m_busy = 0;
    // Threads that are to end as soon as they have no call.
    unsigned m_leaving = 0;
    kernel::Event m_event;
};

PageWriter& page_writer();

// What a transfer of a cached page tells when it ends, at exception level or in start_read itself: `context` is the address
// of its PageDescriptor. Here and not with a class of caches, since transfers under way outlive the class that began them.
void cached_page_transferred(PageTransfer&, uint64_t context);

}
