// A thread inside an object.
#pragma once

#include "kernel/test_thread.h"
#include "objects/tests/probe.h"

namespace objects::tests {

// Calls `probe` on the last CPU, waits inside until it may go on, then does its deed there.
template <typename Deed>
class Visitor {
public:
    Visitor(Ref<Probe> probe, Deed deed) : m_probe(probe), m_deed(deed), m_thread(call, this, kernel::last_cpu())
    {
        m_inside.wait();
    }

    void go_on() { m_go_on.signal(); }
    void join()
    {
        m_thread.join();
        EXPECT(m_status.ok());
    }

private:
    static void call(void* context)
    {
        auto& self = *static_cast<Visitor*>(context);
        self.m_status = self.m_probe->visit(act, context);
    }
    static void act(void* context)
    {
        auto& self = *static_cast<Visitor*>(context);
        self.m_inside.signal();
        self.m_go_on.wait();
        self.m_deed();
    }

    Ref<Probe> m_probe;
    Deed m_deed;
    kernel::Event m_inside;
    kernel::Event m_go_on;
    Status m_status = Code::CANCELLED;
    // Last: it uses the others from its start.
    Helper m_thread;
};

}
