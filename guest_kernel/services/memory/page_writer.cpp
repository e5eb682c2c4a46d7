#include "services/memory/page_writer.h"

#include "kernel/init.h"
#include "kernel/thread.h"
#include "services/memory/file_cache.h"
#include "services/memory/page_descriptor.h"

namespace services {

namespace {

constinit PageWriter the_page_writer;

// Above those who wait for its work.
constexpr unsigned writer_priority = kernel::default_priority + 2;

}

PageWriter& page_writer() { return the_page_writer; }

kernel::Status PageWriter::start()
{
    const kernel::ThreadOptions options{.name = "page writer", .priority = writer_priority};
    TRY(kernel::Thread::create(options, entry, reinterpret_cast<uint64_t>(this)));
    return {};
}

void PageWriter::post(PageWriterWork& work)
{
    {
        kernel::SpinGuard guard(m_lock);
        if (m_posted.contains(work))
            return;
        m_posted.append(work);
    }
    m_event.signal();
}

void cached_page_transferred(PageTransfer&, uint64_t context)
{
    page_writer().post(*reinterpret_cast<const PageDescriptor*>(context)->work);
}

void PageWriter::forget(PageWriterWork& work)
{
    kernel::SpinGuard guard(m_lock);
    if (m_posted.contains(work))
        m_posted.remove(work);
}

// Null when nothing is posted.
objects::Reference PageWriter::take()
{
    kernel::SpinGuard guard(m_lock);
    auto* work = m_posted.take_first();
    return work == nullptr ? nullptr : work->cache;
}

// The reference is good for the generation in which it was taken: the cache, which forgets its work before it goes, was
// there then. A cache whose call is parked has work under way and is not closed before that is done.
void PageWriter::entry(uint64_t argument)
{
    kernel::OuterLoop loop;
    auto& writer = *reinterpret_cast<PageWriter*>(argument);
    auto& ticket = kernel::current_thread()->ticket();
    for (;;) {
        loop.consume(writer.m_event);
        while (const auto cache = writer.take()) {
            while (objects::Ref<FileCache>(cache)->transfers_ended(&ticket).is_parked())
                loop.wait(ticket);
            loop.pass();
        }
    }
}

namespace {

kernel::Status start_page_writer() { return the_page_writer.start(); }

[[gnu::section("init_functions"), gnu::used]] constexpr kernel::InitFunction start{
    kernel::InitStage::Services, "memory.page_writer", start_page_writer};

}

}
