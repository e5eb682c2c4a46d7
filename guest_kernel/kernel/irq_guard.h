// A scope with interrupts off.
#pragma once

#include "arch/ppc64/cpu.h"
#include "arch/ppc64/percpu.h"

namespace kernel {

// Makes the switch that became due while interrupts were off, if preemption is on. Interrupts are off, and on return.
void reschedule_if_allowed();

// Restores what it found. Where interrupts come on again, a switch that became due meanwhile is made.
class [[nodiscard]] IrqGuard {
public:
    IrqGuard() : m_were_on(arch::irq_save()) {}
    ~IrqGuard()
    {
        if (!m_were_on)
            return;
        if (arch::this_cpu().need_reschedule != 0) [[unlikely]]
            reschedule_if_allowed();
        arch::irq_enable();
    }
    IrqGuard(const IrqGuard&) = delete;
    IrqGuard& operator=(const IrqGuard&) = delete;

    bool were_on() const { return m_were_on; }

private:
    bool m_were_on;
};

}
