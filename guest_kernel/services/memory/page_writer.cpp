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

kernel::Status PageWriter::start() { return hire(); }

kernel::Status PageWriter::hire()
{
    {
        kernel::SpinGuard guard(m_lock);
        ++m_threads;
    }
    const kernel::ThreadOptions options{.name = "page writer", .priority = writer_priority};
    const auto thread = kernel::Thread::create(options, entry, reinterpret_cast<uint64_t>(this));
    if (thread.ok())
        return {};
    kernel::SpinGuard guard(m_lock);
    --m_threads;
    return thread.status();
}

// Without memory for another thread the others wait for this one.
void PageWriter::keep_one_free()
{
    bool none_free = false;
    {
        kernel::SpinGuard guard(m_lock);
        none_free = m_busy == m_threads && m_threads < max_threads;
    }
    if (none_free)
        hire().ignore();
}

void PageWriter::post(PageWriterWork& work)
{
    {
        kernel::SpinGuard guard(m_lock);
        if (work.served) {
            work.again = true;
            return;
        }
        if (m_posted.contains(work))
            return;
        m_posted.append(work);
    }
    m_event.signal();
}

void PageWriter::drain()
{
    {
        kernel::SpinGuard guard(m_lock);
        m_leaving = m_threads - m_busy > 1 ? m_threads - m_busy - 1 : 0;
    }
    m_event.signal();
}

// One thread without a call stays. The event wakes one of them, which wakes the next.
bool PageWriter::leaves()
{
    bool more = false;
    {
        kernel::SpinGuard guard(m_lock);
        if (m_leaving == 0 || m_threads - m_busy <= 1)
            return false;
        --m_threads;
        more = --m_leaving > 0;
    }
    if (more)
        m_event.signal();
    return true;
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

// Null when nothing is posted. What is left is another thread's.
PageWriterWork* PageWriter::take()
{
    PageWriterWork* work = nullptr;
    bool more = false;
    {
        kernel::SpinGuard guard(m_lock);
        work = m_posted.take_first();
        if (work == nullptr)
            return nullptr;
        work->served = true;
        ++m_busy;
        more = !m_posted.empty();
    }
    if (more)
        m_event.signal();
    return work;
}

void PageWriter::done(PageWriterWork& work)
{
    kernel::SpinGuard guard(m_lock);
    --m_busy;
    work.served = false;
    if (work.again)
        m_posted.append(work);
    work.again = false;
}

// Work and reference are good for the generation in which they were taken: the cache, which forgets its work before it
// goes, was there then. A cache whose call is parked has work under way and is not closed before that is done.
void PageWriter::entry(uint64_t argument)
{
    kernel::OuterLoop loop;
    auto& writer = *reinterpret_cast<PageWriter*>(argument);
    auto& ticket = kernel::current_thread()->ticket();
    for (;;) {
        loop.consume(writer.m_event);
        while (auto* work = writer.take()) {
            writer.keep_one_free();
            while (objects::Ref<FileCache>(work->cache)->transfers_ended(&ticket).is_parked())
                loop.wait(ticket);
            writer.done(*work);
            loop.pass();
        }
        if (writer.leaves())
            return;
    }
}

namespace {

kernel::Status start_page_writer() { return the_page_writer.start(); }

[[gnu::section("init_functions"), gnu::used]] constexpr kernel::InitFunction start{
    kernel::InitStage::Services, "memory.page_writer", start_page_writer};

}

}
