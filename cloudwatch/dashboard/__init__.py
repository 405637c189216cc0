"""Dashboard bodies: what CloudWatch refuses, what it remarks, and every metric that they name."""
