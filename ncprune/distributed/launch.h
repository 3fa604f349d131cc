#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace ncprune {

// Where the processes of one job meet, and which of them this is.
struct Launch {
  int64_t rank = 0;
  int64_t size = 1;
  std::string host = "127.0.0.1";  // of rank 0
  uint16_t port = 29500;           // there, on which the job's store is served
  bool served = false;             // the launcher itself serves it; else rank 0 must
  std::string job = "ncprune";     // tells jobs apart that meet at the same place
};

// As a launcher says in the environment: torchrun (RANK, WORLD_SIZE, MASTER_ADDR, MASTER_PORT,
// TORCHELASTIC_RUN_ID, TORCHELASTIC_USE_AGENT_STORE), mpirun (OMPI_COMM_WORLD_RANK,
// OMPI_COMM_WORLD_SIZE) or srun (SLURM_PROCID, SLURM_NTASKS, SLURM_JOB_NODELIST, SLURM_JOB_ID);
// MASTER_ADDR and MASTER_PORT hold with each. None for a process of its own, or one that is alone
// in its job. Throws InputError naming the variable that makes no sense.
std::optional<Launch> launch_from_environment();

// The first host of a list as Slurm writes them: "node[03-07,9],other" -> "node03".
std::string first_host(const std::string& list);

}  // namespace ncprune
