#include "kernel/thread_table.h"

namespace kernel {

constinit SpinLock ThreadTable::s_lock;
constinit uint64_t ThreadTable::s_next_id = 1;
constinit ThreadTable::TableList ThreadTable::s_buckets[buckets];
constinit ThreadTable::OrderedList ThreadTable::s_threads;

void ThreadTable::add(Thread& thread)
{
    SpinGuard guard(s_lock);
    thread.m_id = s_next_id++;
    thread.m_context.thread_id = thread.m_id;
    s_buckets[thread.m_id % buckets].append(thread);
    s_threads.append(thread);
}

void ThreadTable::remove(Thread& thread)
{
    SpinGuard guard(s_lock);
    s_buckets[thread.m_id % buckets].remove(thread);
    s_threads.remove(thread);
}

Status ThreadTable::visit(uint64_t id, void (*visit)(Thread&, void*), void* context)
{
    SpinGuard guard(s_lock);
    for (Thread* thread = s_buckets[id % buckets].first(); thread != nullptr; thread = TableList::next(*thread)) {
        if (thread->m_id == id) {
            visit(*thread, context);
            return {};
        }
    }
    return Code::NOT_FOUND;
}

void ThreadTable::visit_all(void (*visit)(Thread&, void*), void* context)
{
    SpinGuard guard(s_lock);
    for (Thread* thread = s_threads.first(); thread != nullptr; thread = OrderedList::next(*thread))
        visit(*thread, context);
}

Status with_thread(uint64_t id, void (*visit)(Thread&, void*), void* context)
{
    return ThreadTable::visit(id, visit, context);
}

void for_each_thread(void (*visit)(Thread&, void*), void* context)
{
    ThreadTable::visit_all(visit, context);
}

}
