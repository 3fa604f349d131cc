#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace ncprune {

// How the processes of one job find each other, and the rank of this process.
struct Launch {
  int64_t rank = 0;
  int64_t size = 1;
  std::string host = "127.0.0.1";  // of rank 0
  uint16_t port = 29500;           // of the job's store, on that host
  bool served = false;             // by the launcher; otherwise rank 0 serves the store
  std::string job = "ncprune";     // distinguishes jobs on the same host and port
};

// The launch that the environment describes: torchrun (RANK, WORLD_SIZE, MASTER_ADDR, MASTER_PORT,
// TORCHELASTIC_RUN_ID, TORCHELASTIC_USE_AGENT_STORE), mpirun (OMPI_COMM_WORLD_RANK,
// OMPI_COMM_WORLD_SIZE) or srun (SLURM_PROCID, SLURM_NTASKS, SLURM_JOB_NODELIST, SLURM_JOB_ID);
// MASTER_ADDR and MASTER_PORT apply to all three. Empty when no launcher started the process or its
// job has only one process. Throws InputError naming a variable with an invalid value.
std::optional<Launch> launch_from_environment();

// The first host of a list in Slurm's notation: "node[03-07,9],other" -> "node03".
std::string first_host(const std::string& list);

}  // namespace ncprune
