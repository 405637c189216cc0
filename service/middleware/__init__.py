"""What Falcon does with every request and every answer."""
