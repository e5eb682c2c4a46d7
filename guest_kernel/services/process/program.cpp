#include "services/process/program.h"

#include "arch/ppc64/address_space.h"
#include "kernel/thread.h"
#include "services/memory/address_translation.h"

namespace services {

using kernel::Code;
using kernel::Status;

Program::~Program()
{
    kernel::current_thread()->set_pid(arch::EMPTY_PID);
}

void Program::start(const Start& start)
{
    m_context.start(start.entry, start.stack, start.arguments[0]);
    m_context.registers.gpr[4] = start.arguments[1];
    m_context.registers.gpr[5] = start.arguments[2];
    m_faulting = false;
}

Status Program::enter()
{
    const objects::Ref<AddressTranslation> translation(TRY(m_process->translation()));
    kernel::current_thread()->set_pid(TRY(translation->process_id()));
    return {};
}

Status Program::run(kernel::Ticket* ticket)
{
    TRY(enter());
    for (;;) {
        if (!m_faulting) {
            const auto vector = arch::run_user(m_context);
            if (vector == arch::Vector::SYSTEM_CALL)
                return {};
            if (!fault_of(m_context, vector, m_fault))
                return Code::UNSUPPORTED;
            ++m_faults;
        }
        const Status handled = m_process->handle_fault(m_fault.address, m_fault.access, ticket);
        m_faulting = handled.is_parked();
        TRY(handled);
    }
}

}
