"""The sentences of the API for people, in Spanish. Sentences of the contract are used word for word."""

from collections.abc import Mapping

from showcase.errors import ErrorCode

SIGNED_UP = "Usuario creado exitosamente."
UPLOADED = "Video subido correctamente. Procesamiento en curso."
DELETED = "El video ha sido eliminado exitosamente."
VOTED = "Voto registrado exitosamente."

# The sentence of each error code; those of clips are in showcase.clips.clip_rules.
ERRORS: Mapping[ErrorCode, str] = {
    "already_voted": "Ya has votado por este video.",
    "bad_credentials": "Correo o contraseña incorrectos.",
    "bad_parameter": "Un parámetro de la consulta no es válido.",
    "body_too_large": "El cuerpo de la petición es demasiado grande.",
    "clip_too_large": "El archivo supera el tamaño máximo permitido.",
    "email_taken": "El correo electrónico ya está registrado.",
    "headers_too_large": "Las cabeceras de la petición son demasiado grandes.",
    "invalid_body": "El cuerpo de la petición no es válido.",
    "invalid_field": "Hay campos que faltan o que no son válidos.",
    "malformed_request": "La petición no es HTTP válido.",
    "method_not_allowed": "Método no permitido.",
    "not_authenticated": "Falta el token de acceso, o no es válido o ha expirado.",
    "not_found": "No encontrado.",
    "own_video": "No puedes votar por tu propio video.",
    "passwords_differ": "Las contraseñas no coinciden.",
    "too_many_requests": "Demasiadas peticiones. Inténtalo de nuevo más tarde.",
    "request_timeout": "La petición no llegó completa a tiempo.",
    "title_missing": "El título es obligatorio y tiene como máximo 200 caracteres.",
    "too_many_uploads": "Tienes demasiadas subidas sin completar. Complétalas o espera a que caduquen.",
    "unavailable": "Servicio no disponible temporalmente. Inténtalo de nuevo en unos segundos.",
    "unexpected": "Error interno. Ya lo estamos revisando.",
    "upload_expired": "La subida ha caducado. Empieza una nueva.",
    "upload_incomplete": "El archivo aún no ha llegado completo. Envíalo y completa la subida de nuevo.",
    "upload_not_found": "Subida no encontrada.",
    "upload_not_yours": "La subida pertenece a otro usuario.",
    "video_file_missing": "Falta el archivo video_file, o el formulario no es válido.",
    "video_not_found": "Video no encontrado.",
    "video_not_yours": "El video pertenece a otro usuario.",
    "video_published": "El video ya está abierto a votación y no se puede eliminar.",
}
